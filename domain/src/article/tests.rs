//! What is true of the article.
