"""Problems in, grades out."""
