"""Part of the Evaluate page on what more pictures would bring."""
