"""The publisher's side: keys, the repository of releases, and their stages."""
