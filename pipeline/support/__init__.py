"""What every room may use: errors for users, silenced native output, processes of their own, the style of figures.

Nothing here knows of a stage, a model or a review.
"""
