"""Files as plug-ins: named, kept beside a comparison, known to registries. Nothing is run here."""
