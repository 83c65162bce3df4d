"""The working folder as people write it: the configuration, the definitions, own templates, keys."""
