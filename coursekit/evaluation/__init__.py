"""What judges: experiments with their committed results, and the syllabus that they fill."""
