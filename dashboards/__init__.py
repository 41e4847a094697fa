"""The dashboard: one page to search, to watch what arrives and to play it. It speaks HTTP to the search node only."""
