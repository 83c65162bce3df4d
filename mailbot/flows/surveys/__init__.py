"""Surveys and resolutions: asked, answered by reply, counted, published and proved."""
