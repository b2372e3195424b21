"""How plans get solved: a durable queue, workers, and a child process for each solve."""
