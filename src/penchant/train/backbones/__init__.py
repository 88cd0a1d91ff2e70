"""What reads a history: a network a file, each with its twin in numpy in `penchant.towers.encoders`."""
