"""Studies — questions asked of the program, each with its code and its written answer."""
