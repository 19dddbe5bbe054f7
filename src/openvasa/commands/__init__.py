"""One file a verb of the `openvasa` command: its flags, checked, and one call into the library."""
