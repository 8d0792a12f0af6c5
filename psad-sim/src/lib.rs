//! A list-context simulator of users with known truth
