"""Government's published files about councils, read as they are downloaded. Pure: bytes in, figures out."""
