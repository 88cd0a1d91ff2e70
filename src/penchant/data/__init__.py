"""Documents and clicks from and to elsewhere: files, git, public data sets, a simulated community, export and
import."""
