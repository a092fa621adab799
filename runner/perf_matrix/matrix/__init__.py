"""A matrix file, validated and unfolded into cells. Pure: text in, models or one clear error out."""
