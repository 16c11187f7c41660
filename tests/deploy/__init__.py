"""What Midwatch is shipped as."""
