// ReleaseTrust
