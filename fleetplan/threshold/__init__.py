"""At which value of a figure another plan is best: the smallest change at which a city or a partner enters, leaves or moves."""
