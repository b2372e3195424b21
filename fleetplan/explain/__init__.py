"""What a plan says of itself: verdict, answers, what binds, how its constraints stand, what it leans on."""
