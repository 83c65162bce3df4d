"""The whole main job on real input, on a folder of its own."""
