"""What two domains and the account around them tell of a plan that is still to be written."""
