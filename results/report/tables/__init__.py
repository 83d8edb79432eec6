"""The report's tables, as rows of text. Nothing is measured or judged here."""
