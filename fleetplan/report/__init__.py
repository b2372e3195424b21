"""Plans as people read them: tables, maps, a page, a terminal summary."""
