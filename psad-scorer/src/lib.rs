//! The student: a lightweight scoring network
