"""Scenarios joined with economics: plan, policy, orders, backtest, alerts, KPIs."""
