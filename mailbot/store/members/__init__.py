"""The register and its imports; people, their addresses, what they were asked, and mail that does not reach them."""
