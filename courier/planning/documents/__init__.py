"""From a file to checked documents and their facts, and what is wrong with them by themselves."""
