"""What is held in columns: documents, their facts, who read what, users in use."""
