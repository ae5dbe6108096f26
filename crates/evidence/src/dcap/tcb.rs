//! TCB statuses, levels and their convergence.
