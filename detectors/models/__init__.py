"""What would have been ordinary? Online models that learn closed days; pure, and saved by their own plain numbers."""
