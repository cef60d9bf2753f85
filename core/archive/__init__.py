"""Project archives: a whole project as one file, and a project from such a file."""
