"""Routes, one file a resource; thin, since what they do stands beside them."""
