"""Import sources on the page: choosing, reading options, new projects and additions."""
