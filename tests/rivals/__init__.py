"""What a council would use instead, put through the same scenario (`make rivals`)."""
