"""What people write to a cluster assistant, labelled: who shall answer, what is asked, and of what."""
