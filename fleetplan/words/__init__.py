"""Words, made last: months, money, requests, changes and figures as people say them."""
