"""What is looked at rather than read: a page of HTML that needs nothing but itself."""
