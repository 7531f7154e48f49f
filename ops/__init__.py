"""What stands behind the make commands: bring the program up, look at it, take it down."""
