"""Foreign formats, one file each, mapped by definition into our columns."""
