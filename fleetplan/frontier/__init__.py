"""What more of something buys: the best plans for less and less capital, or for more and more markets."""
