"""What the dashboards show, as code: `make dashboards` writes them as the files that Grafana is given."""
