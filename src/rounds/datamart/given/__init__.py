"""What is given to a load: files, archives, a database; found, and told apart."""
