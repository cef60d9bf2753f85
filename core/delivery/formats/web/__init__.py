"""Web exports: the classifier in a browser, as a folder for any server and as one file."""
