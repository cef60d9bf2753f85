"""Files of a batch's answers for people: tables, and pictures sorted into folders."""
