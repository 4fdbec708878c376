"""What a trial may ask: summary measures, missing outcomes, margins."""
