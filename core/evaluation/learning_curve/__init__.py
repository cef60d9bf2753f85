"""Learning curve: accuracy over the number of training pictures, and what twice as many would bring."""
