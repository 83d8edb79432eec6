"""Problems to graded responses: the path that training and scoring share. No updates here."""
