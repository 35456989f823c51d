"""Government's published files about councils: imported as they are downloaded, and an authority beside others."""
