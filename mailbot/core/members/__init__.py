"""The register of bodies and persons: who is meant, what changes, whose address is in trouble."""
