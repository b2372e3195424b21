"""Plans nearly as good that differ in structure, each with its bound, and the core that all of them share."""
